// PlumbReport
