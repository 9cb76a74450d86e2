"""What a run writes: bars, final files, the scaler, quarantine."""
