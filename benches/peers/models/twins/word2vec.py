"""Learns vectors of words from the words around them: skip-gram with negative sampling (Mikolov et al. 2013)."""

import random
import sys
from collections import Counter

import torch
import torch.nn.functional as F
from torch import nn

# Kinds of words; words of a kind occur in the same places.
KINDS = {
    "COLOUR": ["black", "brown", "grey", "red", "white", "yellow"],
    "ANIMAL": ["cat", "dog", "fox", "horse", "mouse", "owl"],
    "FOOD": ["bread", "cheese", "corn", "fish", "rice", "soup"],
    "PLACE": ["barn", "field", "forest", "garden", "house", "kitchen"],
}
SENTENCES = [
    "the COLOUR ANIMAL eats FOOD in the PLACE",
    "an ANIMAL and an ANIMAL sleep near the PLACE",
    "we cook FOOD with FOOD for dinner",
    "she painted her PLACE all COLOUR and COLOUR",
]
WIDTH = 16
WINDOW = 2
NEGATIVES = 5
BATCH = 128
RATE = 0.2
BOUND = 22


def sentence():
    """A sentence in which every kind is replaced by one of its words."""
    words = random.choice(SENTENCES).split()
    return [random.choice(KINDS[word]) if word in KINDS else word for word in words]


class SkipGram(nn.Module):
    """Two tables of vectors, with sparse gradients."""

    def __init__(self, words):
        super().__init__()
        self.centres = nn.Embedding(words, WIDTH, sparse=True)
        self.contexts = nn.Embedding(words, WIDTH, sparse=True)
        for table in self.parameters():
            nn.init.uniform_(table, -0.5, 0.5)

    def cost(self, pairs, drawn):
        """−ln σ(u·v) for the context's vector u and the centre's vector v, and −ln σ(−u·v) for drawn words."""
        v = self.centres(pairs[:, 0])
        u = self.contexts(torch.cat([pairs[:, 1:], drawn], dim=1))
        signs = torch.tensor([1.0] + [-1.0] * NEGATIVES)
        scores = (u * v.unsqueeze(1)).sum(dim=2)
        return -F.logsigmoid(scores * signs).sum(dim=1).mean()


def main():
    random.seed(1)
    torch.manual_seed(1)
    text = [sentence() for _ in range(1000)]
    counts = Counter(word for words in text for word in words)
    words = sorted(counts)
    number = {word: i for i, word in enumerate(words)}

    pairs = []
    for line in text:
        for i, centre in enumerate(line):
            for j in range(max(i - WINDOW, 0), min(i + WINDOW + 1, len(line))):
                if j != i:
                    pairs.append([number[centre], number[line[j]]])
    pairs = torch.tensor(pairs)
    noise = torch.tensor([counts[word] ** 0.75 for word in words])

    model = SkipGram(len(words))
    optimizer = torch.optim.Adagrad(model.parameters(), lr=RATE)
    batches = len(pairs) // BATCH
    for epoch in range(1, 6):
        shuffled = pairs[torch.randperm(len(pairs))]
        total = 0.0
        for batch in shuffled[: batches * BATCH].split(BATCH):
            drawn = torch.multinomial(noise, BATCH * NEGATIVES, replacement=True)
            cost = model.cost(batch, drawn.view(BATCH, NEGATIVES))
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
            total += cost.item()
        print(f"epoch {epoch}: cost {total / batches:.4f}")

    vectors = F.normalize(model.centres.weight.detach(), dim=1)
    nearest = (vectors @ vectors.T).topk(4, dim=1).indices
    alike = 0
    for kind, members in KINDS.items():
        print(kind)
        for word in members:
            # The first is the word itself.
            neighbours = [words[i] for i in nearest[number[word], 1:]]
            print(f"  {word:8} {', '.join(neighbours)}")
            alike += neighbours[0] in members
    print(f"The nearest word is of the same kind for {alike} words of 24, bound {BOUND}.")
    if alike < BOUND:
        sys.exit("these are too few")


if __name__ == "__main__":
    main()
