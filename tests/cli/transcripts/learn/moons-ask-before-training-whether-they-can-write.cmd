reprise learn moons --steps 1 -o nowhere/moons
