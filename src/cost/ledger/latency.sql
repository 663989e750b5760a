-- All that a report on latencies reads, by itself: the rows are wide, and a page of charts would read all of them for four of their columns.
CREATE INDEX calls_by_latency ON calls (day, provider, requested_model, first_token_us, total_us) WHERE first_token_us IS NOT NULL;
