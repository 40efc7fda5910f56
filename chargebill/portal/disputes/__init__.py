"""The dispute desk's pages: the queue, a case, opening one, how the desk works."""
