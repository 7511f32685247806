"""One file a page: its addresses, what it reads, the one verb it says, what it shows."""
