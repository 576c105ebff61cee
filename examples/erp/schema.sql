-- What an ERP keeps of its articles: products, prices and translations in tables of their own, each with its own date.
-- Dates have no zone; they are Berlin's. Locale codes are padded with blanks to ten characters, as CHAR columns are.
CREATE TABLE article (
    id INTEGER PRIMARY KEY,
    number VARCHAR(40) NOT NULL,
    active CHAR(1) NOT NULL,
    stock INTEGER NOT NULL,
    category VARCHAR(80),
    changed_at TIMESTAMP,
    deleted_at TIMESTAMP
);

CREATE TABLE price (
    article_id INTEGER NOT NULL,
    currency CHAR(3) NOT NULL,
    amount NUMERIC(12, 2) NOT NULL,
    changed_at TIMESTAMP,
    PRIMARY KEY (article_id, currency)
);

CREATE TABLE article_text (
    article_id INTEGER NOT NULL,
    locale CHAR(10) NOT NULL,
    title VARCHAR(200),
    body TEXT,
    changed_at TIMESTAMP,
    PRIMARY KEY (article_id, locale)
);

INSERT INTO article VALUES
    (1, '00123', 'Y', 4, 'Outdoor/Jackets', '2026-11-20 09:00:00', NULL),
    (2, '00124', 'Y', 0, 'Outdoor/Shoes', '2026-11-20 09:00:00', NULL),
    (3, 'WS-7', 'N', 12, 'Home/Kitchen', NULL, NULL),
    (4, 'WS-8', 'Y', 1, 'Home/Kitchen', '2026-11-20 09:00:00', '2026-11-21 10:00:00');

INSERT INTO price VALUES
    (1, 'EUR', 89.90, '2026-11-20 09:00:00'),
    (2, 'EUR', 129.00, '2026-11-21 11:30:00'),
    (3, 'EUR', 15.10, NULL);

INSERT INTO article_text VALUES
    (1, 'de_DE     ', 'Regenjacke Alpina', 'Hält dicht.', '2026-11-20 09:00:00'),
    (1, 'en_US     ', 'Rain jacket Alpina', 'Keeps you dry.', '2026-11-20 09:00:00'),
    (2, 'de_DE     ', 'Laufschuh Ridge', NULL, '2026-11-20 09:00:00'),
    (2, 'en_US     ', 'Trail shoe Ridge', NULL, '2026-11-22 08:00:00'),
    (3, 'de_DE     ', 'Kaffeemühle', NULL, NULL),
    (4, 'de_DE     ', 'Auflaufform', NULL, '2026-11-20 09:00:00');
