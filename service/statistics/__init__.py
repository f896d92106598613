"""What the server has done, counted for each version of a model: by one worker, and over all of them."""
