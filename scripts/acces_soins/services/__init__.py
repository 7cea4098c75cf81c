"""The processes around the night: Airflow's environment, one night by hand, everything served."""
