"""Pure: settlement files of payment processors, and how they match the ledger."""
