import logging

import structlog

# structlog prints to stdout until it is configured, which is the command line's business.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
