"""The audit pack: what a company's months hold, with everything it takes to check it without ChargeBill."""
