from setuptools import setup
setup(name='x', entry_points={'console_scripts': ['mycli = mycli.app:main']})
