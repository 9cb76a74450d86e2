"""Where bytes come from and go to: archives, Parquet, the scaler's files. No Prefect."""
