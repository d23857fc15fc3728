// Attention.
#define PLUMB_ATTENTION_ENTRIES
