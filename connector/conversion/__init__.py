"""The same lake in another format, in other partitions, or elsewhere; Stripe is asked nothing."""
