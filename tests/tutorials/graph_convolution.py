import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(42)
# Zachary-like small graph
edges = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (4, 5), (5, 3), (5, 6), (6, 7), (7, 4), (0, 8), (8, 1)]
edge_index = torch.tensor(edges, dtype=torch.long).t().contiguous()
edge_index = torch.cat([edge_index, edge_index.flip(0)], dim=1)
N = int(edge_index.max()) + 1
print(edge_index.shape, N)
loops = torch.arange(N).repeat(2, 1)
edge_index = torch.cat([edge_index, loops], dim=1)
row, col = edge_index
deg = torch.zeros(N).scatter_add_(0, col, torch.ones(col.size(0)))
print(deg)
deg_inv_sqrt = deg.pow(-0.5)
deg_inv_sqrt[deg_inv_sqrt == float('inf')] = 0
norm = deg_inv_sqrt[row] * deg_inv_sqrt[col]


class GCNConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.lin = nn.Linear(in_channels, out_channels, bias=False)
        self.bias = nn.Parameter(torch.empty(out_channels))
        self.reset_parameters()

    def reset_parameters(self):
        self.lin.reset_parameters()
        self.bias.data.zero_()

    def forward(self, x, edge_index):
        x = self.lin(x)
        row, col = edge_index
        msg = norm.view(-1, 1) * x[row]
        out = torch.zeros_like(x)
        out = out.index_add(0, col, msg)
        return out + self.bias


class GATConv(nn.Module):
    def __init__(self, in_c, out_c, heads=2):
        super().__init__()
        self.W = nn.Linear(in_c, heads * out_c, bias=False)
        self.att_src = nn.Parameter(torch.randn(1, heads, out_c) * 0.1)
        self.att_dst = nn.Parameter(torch.randn(1, heads, out_c) * 0.1)
        self.heads, self.out_c = heads, out_c

    def forward(self, x, edge_index):
        row, col = edge_index
        h = self.W(x).view(-1, self.heads, self.out_c)
        a_src = (h * self.att_src).sum(-1)
        a_dst = (h * self.att_dst).sum(dim=-1)
        alpha = F.leaky_relu(a_src[row] + a_dst[col], 0.2)
        alpha = (alpha - alpha.max()).exp()
        denom = torch.zeros(x.size(0), self.heads).index_add_(0, col, alpha)
        alpha = alpha / denom[col]
        out = torch.zeros(x.size(0), self.heads, self.out_c)
        idx = col.view(-1, 1, 1).expand(-1, self.heads, self.out_c)
        out = out.scatter_add(0, idx, alpha.unsqueeze(-1) * h[row])
        return out.flatten(1)


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = GCNConv(N, 4)
        self.conv2 = GATConv(4, 4)
        self.classifier = nn.Linear(8, 2)

    def forward(self, x, edge_index):
        h = self.conv1(x, edge_index).tanh()
        h = F.dropout(h, p=0.2, training=self.training)
        h = F.elu(self.conv2(h, edge_index))
        return self.classifier(h), h


x = torch.eye(N)
y = torch.tensor([0, 0, 0, 1, 1, 1, 1, 1, 0])
train_mask = torch.zeros(N, dtype=torch.bool)
train_mask[[0, 4, 7]] = True
model = GCN()
print(model)
criterion = torch.nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.05, weight_decay=5e-4)
for epoch in range(15):
    model.train()
    optimizer.zero_grad()
    out, h = model(x, edge_index)
    loss = criterion(out[train_mask], y[train_mask])
    loss.backward()
    optimizer.step()
    if epoch % 5 == 4:
        model.eval()
        pred = model(x, edge_index)[0].argmax(dim=1)
        acc = int((pred[~train_mask] == y[~train_mask]).sum()) / int((~train_mask).sum())
        print(f'Epoch: {epoch:03d}, Loss: {loss:.3f}, Acc: {acc:.2f}')

# dense adjacency version
A = torch.zeros(N, N)
A[row, col] = 1
D = torch.diag(A.sum(1) ** -0.5)
A_hat = D @ A @ D
print(torch.allclose(A_hat @ x @ model.conv1.lin.weight.t() + model.conv1.bias, model.conv1(x, edge_index), atol=1e-6))
# mean pooling with batch vector
batch = torch.tensor([0, 0, 0, 1, 1, 1, 1, 2, 2])
cnt = torch.bincount(batch)
pooled = torch.zeros(3, 4).index_add_(0, batch, torch.arange(36.).view(9, 4)) / cnt.unsqueeze(1)
print(pooled)
index = batch.view(-1, 1).expand(-1, 4)
mx = torch.full((3, 4), float("-inf")).scatter_reduce(0, index, torch.arange(36.).view(9, 4), reduce="amax")
print(mx)
