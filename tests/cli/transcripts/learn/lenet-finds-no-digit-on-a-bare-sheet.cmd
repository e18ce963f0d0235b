echo iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAADklEQVR42mM4AQUMlDEACLEyAbXAq2UAAAAASUVORK5CYII= | base64 -d > bare.png
reprise learn lenet --classify bare.png
