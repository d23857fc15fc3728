// PlumbRecords
