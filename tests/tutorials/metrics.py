import torch
import torch.nn.functional as F

torch.manual_seed(0)
logits = torch.randn(30, 4)
target = torch.randint(0, 4, (30,))
pred = logits.argmax(dim=-1)
print("acc", (pred == target).sum().item() / len(target), pred.eq(target.view_as(pred)).float().mean().item())
cm = torch.bincount(target * 4 + pred, minlength=16).reshape(4, 4)
print(cm)
cm2 = torch.zeros(4, 4, dtype=torch.int64)
for t, p in zip(target.view(-1), pred.view(-1)):
    cm2[t.long(), p.long()] += 1
print(torch.equal(cm, cm2), (cm == cm2).all())
cm3 = torch.zeros(4, 4).index_put_((target, pred), torch.ones(30), accumulate=True)
print(cm3)
cm4 = torch.zeros(16, dtype=torch.long).scatter_add_(0, target * 4 + pred, torch.ones_like(target)).view(4, 4)
print(torch.equal(cm, cm4))
tp = cm.diag()
precision = tp / cm.sum(0)
recall = tp / cm.sum(dim=1)
f1 = 2 * precision * recall / (precision + recall)
print(precision, recall, f1.nan_to_num(), sep="\n")
print("macro", f1.nanmean(), "weighted", (f1 * cm.sum(1)).nansum() / cm.sum())


def topk_accuracy(output, target, topk=(1, 2, 3)):
    maxk = max(topk)
    _, pred = output.topk(maxk, 1, True, True)
    correct = pred.t().eq(target[None])
    return [correct[:k].flatten().sum(dtype=torch.float32) * (100. / target.size(0)) for k in topk]


print(topk_accuracy(logits, target))
in_top2 = (logits.topk(2, dim=1).indices == target[:, None]).any(dim=1)
print(in_top2.float().mean())
# ROC AUC
scores = torch.sigmoid(logits[:, 0])
y = (target == 0)
order = scores.argsort(descending=True)
tpr = torch.cumsum(y[order].float(), 0) / y.sum()
fpr = torch.cumsum((~y[order]).float(), 0) / (~y).sum()
print("auc", torch.trapz(tpr, fpr), torch.trapezoid(tpr, fpr))
ap = ((torch.cumsum(y[order], 0) / torch.arange(1, 31)) * y[order]).sum() / y.sum()
print(ap)
# calibration
probs = F.softmax(logits, dim=1)
conf, predictions = torch.max(probs, 1)
accuracies = predictions.eq(target)
bins = torch.linspace(0, 1, 6)
ece = torch.zeros(1)
for lo, hi in zip(bins[:-1], bins[1:]):
    in_bin = conf.gt(lo.item()) * conf.le(hi.item())
    prop = in_bin.float().mean()
    if prop.item() > 0:
        ece += torch.abs(conf[in_bin].mean() - accuracies[in_bin].float().mean()) * prop
print(ece)
print(torch.histc(conf, bins=5, min=0, max=1))
h, edges = torch.histogram(conf, bins=4, range=(0., 1.))
print(h, edges)
print("brier", ((probs - F.one_hot(target, num_classes=4)) ** 2).sum(1).mean())
entropy = -(probs * probs.log()).sum(1)
print(entropy.mean(), entropy.median(), entropy.std(unbiased=False), entropy.var(), torch.std_mean(entropy))
r2 = 1 - ((scores - y.float()) ** 2).sum() / ((y.float() - y.float().mean()) ** 2).sum()
print(r2)
vals, counts = torch.unique(target, return_counts=True)
print(dict(zip(vals.tolist(), counts.tolist())))


class AverageMeter(object):
    def __init__(self, name, fmt=':f'):
        self.name, self.fmt = name, fmt
        self.val = self.avg = self.sum = self.count = 0

    def update(self, val, n=1):
        self.val = val
        self.sum += val * n
        self.count += n
        self.avg = self.sum / self.count

    def __str__(self):
        return ('{name} {val' + self.fmt + '} ({avg' + self.fmt + '})').format(**self.__dict__)


m = AverageMeter("Loss", ":.4f")
for c in logits.split(10):
    m.update(c.mean(), c.size(0))
    print(m)
# IoU of boxes and NMS
boxes = torch.tensor([[0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30.]])
sc = torch.tensor([0.9, 0.8, 0.7])


def box_area(b):
    return (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])


def box_iou(a, b):
    lt = torch.max(a[:, None, :2], b[:, :2])
    rb = torch.min(a[:, None, 2:], b[:, 2:])
    wh = (rb - lt).clamp(min=0)
    inter = wh[:, :, 0] * wh[:, :, 1]
    return inter / (box_area(a)[:, None] + box_area(b) - inter)


print(box_iou(boxes, boxes))
keep = []
order = sc.argsort(descending=True)
while order.numel() > 0:
    i = order[0]
    keep.append(i.item())
    if order.numel() == 1:
        break
    iou = box_iou(boxes[i][None], boxes[order[1:]])[0]
    order = order[1:][iou <= 0.5]
print(keep)
