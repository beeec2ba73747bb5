from collections import Counter

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
np.random.seed(0)
text = ("the quick brown fox jumps over the lazy dog the dog sleeps while the quick fox runs "
        "over the hill and the lazy cat sleeps").split()
counts = Counter(text)
vocab = sorted(counts, key=lambda w: (-counts[w], w))
word2idx = {w: i for i, w in enumerate(vocab)}
ids = [word2idx[w] for w in text]
freqs = torch.tensor([counts[w] for w in vocab], dtype=torch.float)
neg_dist = freqs ** 0.75
neg_dist /= neg_dist.sum()


class SkipGramData(Dataset):
    def __init__(self, ids, window):
        self.pairs = []
        for i, c in enumerate(ids):
            for j in range(max(0, i - window), min(len(ids), i + window + 1)):
                if j != i:
                    self.pairs.append((c, ids[j]))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, idx):
        c, o = self.pairs[idx]
        return torch.tensor(c), torch.tensor(o), torch.multinomial(neg_dist, 5, replacement=True)


class SkipGram(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.u = nn.Embedding(vocab_size, dim)
        self.v = nn.Embedding(vocab_size, dim)
        initrange = 0.5 / dim
        self.u.weight.data.uniform_(-initrange, initrange)
        self.v.weight.data.zero_()

    def forward(self, pos_u, pos_v, neg_v):
        emb_u = self.u(pos_u)
        emb_v = self.v(pos_v)
        score = torch.sum(torch.mul(emb_u, emb_v), dim=1)
        score = torch.clamp(score, max=10, min=-10)
        score = -F.logsigmoid(score)
        neg_emb_v = self.v(neg_v)
        neg_score = torch.bmm(neg_emb_v, emb_u.unsqueeze(2)).squeeze()
        neg_score = torch.clamp(neg_score, max=10, min=-10)
        neg_score = -torch.sum(F.logsigmoid(-neg_score), dim=1)
        return torch.mean(score + neg_score)


ds = SkipGramData(ids, 2)
print(len(ds), ds[3][0], ds[3][1])
loader = DataLoader(ds, batch_size=16, shuffle=True, drop_last=True)
model = SkipGram(len(vocab), 10)
print(model)
opt = torch.optim.Adagrad(model.parameters(), lr=0.5)
for epoch in range(3):
    tot = 0.0
    for u, v, neg in loader:
        opt.zero_grad()
        loss = model(u, v, neg)
        loss.backward()
        opt.step()
        tot += loss.item() * len(u)
    print(f"epoch {epoch}: {tot / len(ds):.3f}")
emb = model.u.weight.detach()
emb = emb / emb.norm(dim=1, keepdim=True)
sim = emb @ emb.T
sim.fill_diagonal_(-1)
best = sim.argmax(1)
for w in ["the", "fox"]:
    print(w, "->", vocab[best[word2idx[w]]], "%.2f" % sim[word2idx[w]].max())
val, idx = torch.topk(sim[word2idx["dog"]], 3)
print([vocab[i] for i in idx], [f"{v:.2f}" for v in val])
print(F.cosine_similarity(emb[0:1], emb[1:3]).numpy().round(2))
