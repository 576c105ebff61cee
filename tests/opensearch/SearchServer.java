import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.opensearch.cluster.service.ClusterService;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.xcontent.XContentType;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;

/**
 * One real OpenSearch node on loopback, without a distribution: SearchServer HOME PORT [JSON with more settings].
 * HOME holds the data. The node is closed, and so flushed, when the process is asked to end.
 */
final class SearchServer extends Node {
    private SearchServer(Environment environment) {
        super(environment, Plugins.ALL, true);
    }

    @Override
    protected void configureNodeAndClusterIdStateListener(ClusterService service) {} // only names the node in its log

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]).toAbsolutePath();
        Settings settings = settings(home, arguments[1], arguments.length > 2 ? arguments[2] : "{}");
        LogConfigurator.configureWithoutConfig(settings);
        Node node = new SearchServer(
            InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), home.resolve("config"), () -> "tests"));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        new CountDownLatch(1).await();
    }

    private static Settings settings(Path home, String port, String more) {
        return Settings.builder()
            .put("path.home", home)
            .put("path.data", home.resolve("data"))
            .put("path.logs", home.resolve("logs"))
            .put("cluster.name", "tests")
            .put("node.name", "tests")
            .putList("node.roles", "cluster_manager", "data", "ingest")
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.port", port)
            .put("transport.port", "0")
            .put("action.auto_create_index", false)
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .loadFromSource(more, XContentType.JSON)
            .build();
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
