// Imported before all else by scripts that are about SQLite's files alone, and
// say what it is that has no other storage: with STORAGE=postgresql they are run
// on SQLite, too.

process.env.STORAGE = 'sqlite';
