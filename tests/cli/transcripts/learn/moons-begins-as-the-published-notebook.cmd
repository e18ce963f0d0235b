reprise learn moons --steps 1; ls
