"""What keeps attackers out, tried as an attacker would: by chapters of OWASP ASVS 5.0."""
