"""From Stripe to a lake: `sync` and `plan`, from what is asked for to files and the record that names them."""
