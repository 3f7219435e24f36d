"""The way back for who lost the authenticator app, its recovery codes and every passkey."""
