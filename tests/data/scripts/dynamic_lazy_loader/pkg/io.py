import imageio
