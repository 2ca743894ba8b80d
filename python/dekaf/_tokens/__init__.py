"""Tokens for SASL OAUTHBEARER: where they come from, and what dekaf reads of them."""
