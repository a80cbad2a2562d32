"""Published claims, each measured again and judged by a rule that it states beforehand."""
