import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.lucene.analysis.Analyzer;
import org.opensearch.Version;
import org.opensearch.analysis.common.CommonAnalysisModulePlugin;
import org.opensearch.index.analysis.AnalyzerProvider;
import org.opensearch.index.analysis.PreBuiltAnalyzerProviderFactory;
import org.opensearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.opensearch.index.mapper.MapperExtrasModulePlugin;
import org.opensearch.painless.PainlessModulePlugin;
import org.opensearch.plugins.PluginInfo;
import org.opensearch.transport.Netty4ModulePlugin;

/** What the node is made of beside its core, as OpenSearch 3 wants it said. */
public final class Plugins {
    static final List<PluginInfo> ALL = Stream.of(
            Netty4ModulePlugin.class,
            AnalysisWithoutThai.class,
            PainlessModulePlugin.class,
            MapperExtrasModulePlugin.class)
        .map(plugin -> new PluginInfo(
            plugin.getName(), "", "NA", Version.CURRENT, "21", plugin.getName(), null, List.of(), false))
        .toList();

    private Plugins() {}

    /** Every index builds all analyzers, and the Java that runs this has no words of Thai for theirs. */
    public static final class AnalysisWithoutThai extends CommonAnalysisModulePlugin {
        private static final String THAI = "thai";

        @Override
        public Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> getAnalyzers() {
            var analyzers = new TreeMap<>(super.getAnalyzers());
            analyzers.remove(THAI);
            return analyzers;
        }

        @Override
        public List<PreBuiltAnalyzerProviderFactory> getPreBuiltAnalyzerProviderFactories() {
            return super.getPreBuiltAnalyzerProviderFactories().stream()
                .filter(factory -> !factory.getName().equals(THAI))
                .toList();
        }
    }
}
