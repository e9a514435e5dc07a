-- Accounts.
SELECT 1;
