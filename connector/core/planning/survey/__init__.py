"""About how many rows an account has, and where: by a few pages, or by the files of its lake."""
