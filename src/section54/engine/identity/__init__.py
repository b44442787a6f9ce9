"""Who was paid: payee names as ledgers write them, settled into one supplier each."""
