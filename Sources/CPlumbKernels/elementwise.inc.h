// Rows and elements.
#define PLUMB_ELEMENTWISE_ENTRIES
