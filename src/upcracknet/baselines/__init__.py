"""The systems that UP-CrackNet is compared with; each is another way from a photo to a score map."""
