"""Trains a recurrent network to predict the next character of a nursery rhyme, and lets it recite."""

import sys

import torch
import torch.nn.functional as F
from torch import nn

RHYME = """\
There was a crooked man, and he walked a crooked mile,
He found a crooked sixpence upon a crooked stile;
He bought a crooked cat, which caught a crooked mouse,
And they all lived together in a little crooked house.
"""

WIDTH = 64
BATCH = 16
LENGTH = 40
STEPS = 300
BOUND = 0.2


class CharGru(nn.Module):
    """A gated recurrent unit (Cho et al. 2014) between a table of inputs and an output layer."""

    def __init__(self, letters):
        super().__init__()
        self.table = nn.Embedding(letters, 3 * WIDTH)
        self.recurrent = nn.Linear(WIDTH, 3 * WIDTH)
        self.output = nn.Linear(WIDTH, letters)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.125, 0.125)

    def next_state(self, h, characters):
        """The state after a character has been read in each sample."""
        x_reset, x_update, x_new = self.table(characters).chunk(3, dim=1)
        h_reset, h_update, h_new = self.recurrent(h).chunk(3, dim=1)
        reset = torch.sigmoid(x_reset + h_reset)
        update = torch.sigmoid(x_update + h_update)
        candidate = torch.tanh(x_new + reset * h_new)
        return candidate + update * (h - candidate)

    def cost(self, text):
        """The mean cross-entropy of the predictions; a column of `text` is a sample."""
        h = torch.zeros(BATCH, WIDTH)
        states = []
        for characters in text[:-1]:
            h = self.next_state(h, characters)
            states.append(h)
        return F.cross_entropy(self.output(torch.cat(states)), text[1:].flatten())

    @torch.no_grad()
    def recite(self, first):
        """A text of the rhyme's length that begins with `first`; its characters are drawn at a temperature of 0.5."""
        h, text = torch.zeros(1, WIDTH), [first]
        while len(text) < len(RHYME):
            h = self.next_state(h, torch.tensor(text[-1:]))
            probabilities = torch.softmax(self.output(h) / 0.5, dim=1)
            text.append(torch.multinomial(probabilities[0], 1).item())
        return text


def main():
    alphabet = sorted(set(RHYME))
    text = torch.tensor([alphabet.index(character) for character in RHYME])

    torch.manual_seed(1)
    model = CharGru(len(alphabet))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(1, STEPS + 1):
        starts = torch.randint(len(text) - LENGTH, (BATCH,))
        batch = text[starts + torch.arange(LENGTH + 1).unsqueeze(1)]
        cost = model.cost(batch)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step}: {cost.item():.3f} nats per character")

    recited = model.recite(alphabet.index("\n"))
    print("".join(alphabet[character] for character in recited))
    print(f"last cost {cost.item():.3f}, bound {BOUND}")
    if not cost.item() < BOUND:
        sys.exit("the cost is too high")


if __name__ == "__main__":
    main()
