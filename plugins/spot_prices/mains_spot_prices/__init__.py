"""Exchange prices of electricity, from ENTSO-E documents (`entsoe`) and from CSV files (`csv_file`)."""
