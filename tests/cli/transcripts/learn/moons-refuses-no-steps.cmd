reprise learn moons --steps 0
