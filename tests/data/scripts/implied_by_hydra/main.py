import hydra
from hydra.utils import instantiate


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    instantiate(cfg.model, optimizer=cfg.optimizer)
