"""Two networks against each other learn normal samples from noise; their steps in both orders."""

import torch
import torch.nn as nn

torch.manual_seed(0)


def real_samples(count):
    return torch.randn(count, 2) * 0.5 + torch.tensor([2.0, -1.0])


netG = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(0.2), nn.Linear(8, 2))
netD = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), nn.Sigmoid())
optimizerG = torch.optim.Adam(netG.parameters(), lr=2e-3, betas=(0.5, 0.999))
optimizerD = torch.optim.Adam(netD.parameters(), lr=2e-3, betas=(0.5, 0.999))
criterion = nn.BCELoss()
fixed_noise = torch.randn(64, 4)

for iteration in range(120):
    # the discriminator: log(D(x)) + log(1 - D(G(z)))
    netD.zero_grad()
    label = torch.full((16, 1), 1.0)
    output = netD(real_samples(16))
    errD_real = criterion(output, label)
    errD_real.backward()
    D_x = output.mean().item()
    fake = netG(torch.randn(16, 4))
    label.fill_(0.0)
    output = netD(fake.detach())
    errD_fake = criterion(output, label)
    errD_fake.backward()
    D_G_z1 = output.mean().item()
    errD = errD_real + errD_fake
    optimizerD.step()

    # the generator: log(D(G(z))), by the same samples
    netG.zero_grad()
    label.fill_(1.0)
    output = netD(fake)
    errG = criterion(output, label)
    errG.backward()
    D_G_z2 = output.mean().item()
    optimizerG.step()
    if iteration % 40 == 0:
        print(
            f"[{iteration}] Loss_D: {errD.item():.4f} Loss_G: {errG.item():.4f} "
            f"D(x): {D_x:.4f} D(G(z)): {D_G_z1:.4f} / {D_G_z2:.4f}"
        )

for iteration in range(60):
    fake = netG(torch.randn(16, 4))
    optimizerG.zero_grad()
    g_loss = criterion(netD(fake), torch.ones(16, 1))
    g_loss.backward()
    optimizerG.step()
    optimizerD.zero_grad()
    real_loss = criterion(netD(real_samples(16)), torch.ones(16, 1))
    fake_loss = criterion(netD(fake.detach()), torch.zeros(16, 1))
    d_loss = (real_loss + fake_loss) / 2
    d_loss.backward()
    optimizerD.step()
    if iteration % 20 == 0:
        print(f"Epoch {iteration}: D loss {d_loss.item():.4f}, G loss {g_loss.item():.4f}")

with torch.no_grad():
    samples = netG(fixed_noise)
print([round(v, 3) for v in samples.mean(0).tolist()], [round(v, 3) for v in samples.std(0).tolist()])
