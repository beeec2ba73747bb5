"""What programs ask about devices before they run on the CPU."""

import symdiff as torch


def test_the_usual_questions():
    assert not torch.cuda.is_available()
    assert not torch.backends.mps.is_available()
    assert not torch.accelerator.is_available()
    assert torch.accelerator.current_accelerator() is None
    assert torch.cuda.device_count() == 0
    torch.cuda.manual_seed_all(0)
    torch.backends.cudnn.deterministic = True
    device = torch.device("cuda" if torch.cuda.is_available() else "mps" if torch.mps.is_available() else "cpu")
    assert torch.ones(2).to(device).device == device
