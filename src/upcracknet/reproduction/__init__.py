"""The paper's tables, trained and measured again, with the published figures beside."""
