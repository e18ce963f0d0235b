# needs bash
reprise --completion bash | bash -n
