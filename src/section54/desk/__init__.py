"""The front desk: settings, addresses, and the pages that look across rooms."""
