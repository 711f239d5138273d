"""Which drivers matter, how, and from which value on: boosted trees and forests, explained and tested by places."""
