// Imported before all else by scripts that are about PostgreSQL alone.

process.env.STORAGE = 'postgresql';
