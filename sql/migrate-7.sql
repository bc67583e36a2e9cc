-- Version 6 to 7.

-- From here on rows say by flags that everybody is ready, or not any more.

PRAGMA user_version = 7;
