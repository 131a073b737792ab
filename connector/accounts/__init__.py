"""Which accounts a call is about, who they are, and which of them are gone."""
