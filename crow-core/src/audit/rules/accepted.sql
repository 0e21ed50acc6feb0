-- X1 medium
-- What was accepted for a time is still there, and the time is over.

-- X2 low
-- An acceptance of something that is not found would hide it when it comes, without anybody having looked.
