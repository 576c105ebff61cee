-- One macro a statement: the signs that cannot be seen, as unseen.py lists them.

-- All of them, as a character class: text of them alone is empty.
CREATE OR REPLACE MACRO unseen() AS $unseen;

-- Those of them that are taken off the ends of text.
CREATE OR REPLACE MACRO around() AS $around;

-- The same as text, one sign after the other.
CREATE OR REPLACE MACRO signs_around() AS $signs_around;
