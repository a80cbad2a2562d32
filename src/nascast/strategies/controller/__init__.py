"""The recurrent controller that REINFORCE and PPO train."""
